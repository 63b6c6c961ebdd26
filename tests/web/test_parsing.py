"""One spelling, or a problem that says where it went wrong; never a crash."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from web.parsing import MAX_DEPTH, fold_names, parse_json_object, parse_pairs
from web.problems import MalformedBodyError

MALFORMED_BODIES = {
    "nothing": b"",
    "half an object": b'{"a":',
    "not an object": b"[1]",
    "a bare number": b"1",
    "a key given twice": b'{"a":1,"a":2}',
    "a key given twice inside": b'{"a":{"b":1,"b":2}}',
    "not a number": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "a number of five thousand digits": b'{"a":' + b"9" * 5000 + b"}",
    "a number of nineteen digits": b'{"a":1234567890123456789}',
    "a thousand brackets": b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}",
    "a hundred thousand brackets": b"[" * 100_000,
    "a byte-order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "Latin-1": '{"a":"é"}'.encode("latin-1"),
    "an overlong encoding": b'{"a":"\xc0\x80"}',
    "a lone surrogate": b'{"a":"\\ud800"}',
    "a lone surrogate in a key": b'{"\\udfff":1}',
    "a NUL": b'{"a":"\\u0000"}',
    "a control character inside a list": b'{"a":[{"b":"\\u001b"}]}',
    "a comment": b'{"a":1} // no',
    "two objects": b"{}{}",
    "single quotes": b"{'a':1}",
    "a trailing comma": b'{"a":1,}',
    "a raw line feed in a string": b'{"a":"\n"}',
}


@pytest.mark.parametrize("body", MALFORMED_BODIES.values(), ids=MALFORMED_BODIES.keys())
def test_a_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBodyError) as refusal:
        parse_json_object(body)
    assert refusal.value.code == "malformed-request"
    assert refusal.value.errors


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"purpose":1,"purpose":1}', "a key, purpose, is given twice"),
        (b'{"a":[{"data_from":1,"data_from":2}]}', "a key, data_from, is given twice"),
        (b'{"541448899990000039":1,"541448899990000039":2}', "a key is given twice"),
        (b'{"lotte@home.example":1,"lotte@home.example":2}', "a key is given twice"),
    ],
)
def test_a_key_given_twice_is_named_where_it_is_a_name_of_ours(body: bytes, told: str) -> None:
    with pytest.raises(MalformedBodyError) as refusal:
        parse_json_object(body)
    assert refusal.value.errors == ({"where": "/", "detail": told},)


def test_an_ordinary_object_is_read() -> None:
    assert parse_json_object('{"a":[1,null,true,"é"],"b":{"c":0.5}}'.encode()) == {
        "a": [1, None, True, "é"],
        "b": {"c": 0.5},
    }


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(body: bytes) -> None:
    with suppress(MalformedBodyError):
        parse_json_object(body)


plain_text = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]).filter(lambda c: c not in "[{")
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**16), 10**16) | plain_text,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(plain_text, children, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), json_values, max_size=3))
def test_what_json_writes_is_read_back(value: dict[str, object]) -> None:
    text = json.dumps(value)
    assume(text.count("[") + text.count("{") <= MAX_DEPTH)
    assert parse_json_object(text.encode()) == value


MALFORMED_QUERIES = {
    "a name given twice": b"a=1&a=2",
    "a name given twice, once encoded": b"a=1&%61=2",
    "half a percent-encoding": b"a=%4",
    "percent and no digits": b"a=%zz",
    "wrong UTF-8": b"a=%ff",
    "wrong UTF-8 as bytes": b"a=\xff",
    "an encoded NUL": b"a=%00",
    "an encoded line feed": b"a=x%0ay",
    "too many fields": b"&".join(b"f%d=1" % number for number in range(65)),
}


@pytest.mark.parametrize("query", MALFORMED_QUERIES.values(), ids=MALFORMED_QUERIES.keys())
def test_a_malformed_query_is_refused(query: bytes) -> None:
    with pytest.raises(MalformedBodyError):
        parse_pairs(query, "query")


def test_a_query_is_decoded_once() -> None:
    assert parse_pairs(b"a=%2541&b=x+y&c=&d", "query") == {"a": "%41", "b": "x y", "c": "", "d": ""}


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_query_reader(query: bytes) -> None:
    with suppress(MalformedBodyError):
        parse_pairs(query, "query")


def test_names_are_folded_to_the_known_spelling() -> None:
    assert fold_names({"ReferenceNumber": "r", "EAN": "e"}, ("referenceNumber", "ean"), "query") == {
        "referenceNumber": "r",
        "ean": "e",
    }


def test_a_name_in_two_spellings_is_refused() -> None:
    with pytest.raises(MalformedBodyError):
        fold_names({"ean": "1", "EAN": "2"}, ("ean",), "query")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(MalformedBodyError):
        fold_names({"statuss": "Approved"}, ("status",), "query")
