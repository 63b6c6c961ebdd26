"""Shapes of the market API: what comes in is loaded by these, what goes out is documented by them.

Answers are made by plain functions (`web.api.shapes`); a test holds them against these schemas.
"""
