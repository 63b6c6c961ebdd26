"""The sentences of the portal in English, French and German: a catalogue of text each, read by `web.language`."""
