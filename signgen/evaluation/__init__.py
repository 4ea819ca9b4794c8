"""Evaluation: what a viewer, a signer and a recogniser would see in a generated clip.

A measure takes frames or poses and returns figures; where clips come from, and what the tables look
like, is the business of the runner. Sides are the signer's.
"""
