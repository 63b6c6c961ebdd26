"""Who supplies here, told on paper alone (R80): a letter to the home that the meter is of, to whoever lives there.

Whoever asks at the desk hears nothing but that the question is written down. The letter waits in the same queue as an
approval letter; whom it names is looked up when it is printed, so nothing of it lies about.
"""
