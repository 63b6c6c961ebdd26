"""Letters to a home, to whoever lives there: who supplies it (R80), its EAN code (R84), the history of
its consumption (R90).

Whoever asks hears nothing but that the question is written down. The letter waits in the same queue as an approval
letter; whom it names is looked up when it is printed, so nothing of it lies about.
"""
