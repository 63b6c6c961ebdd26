"""Requests of people about their own data, at the door: what they ask, what the desk answers, what each step tells."""
