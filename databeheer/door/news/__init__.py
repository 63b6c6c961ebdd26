"""Telling parties by web hook of which days readings came that they may have; never a value."""
