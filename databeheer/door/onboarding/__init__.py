"""The party pages at the door: applying, evidence, approval by two people of the operator, programs and their keys."""
