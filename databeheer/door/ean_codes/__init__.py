"""The EAN code of one's own home at the door: the check of the meter number, and on which way the code goes."""
