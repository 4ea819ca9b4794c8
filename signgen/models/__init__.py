"""The networks: plain-argument modules that know no recipe, data or schedule."""
