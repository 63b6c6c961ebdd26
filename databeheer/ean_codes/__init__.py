"""The EAN code of one's own home, for who does not have it: asked for with what stands on the meter and on the door.

It is told after the meter number was checked (R83), to a mobile telephone or by letter to the home, and to no screen
(R84). The answer is the same whether the home exists, and whether anything was right (R98).
"""
