"""Witnesses (c2sp.org/tlog-witness v1.0.0): one to run, and the log's side that collects their cosignatures.

A witness remembers the newest checkpoint of each log that it knows, and cosigns only what continues it: whoever
asks for its cosignature cannot be shown another history than everybody else who does.
"""
