"""By night, what is stored of a day is held against all that is known beside it (R68); recorded before it is opened."""
