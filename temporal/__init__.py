"""The torch world of time; it knows no poses and no images."""
