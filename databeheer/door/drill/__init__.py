"""The drill of restore and erasure: what there was of a person, whether it lies anywhere yet, whether it still opens.

`databeheer.site.erasure_drill` goes through it on a house (docs/how-to/drill.md).
"""
