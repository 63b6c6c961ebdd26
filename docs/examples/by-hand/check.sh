#!/bin/sh
# check.sh URL|DIR VKEY: checks a published log with nothing but a shell, openssl 3, base64 (and curl for a URL).
#
# 1. the signature under the checkpoint; 2. every entry names the one before it (the chain); 3. the entries
# lead to the signed root (the tree). Exit status 0: it holds, 1: it does not, 2: wrong use. A hundred
# entries take a second or two: this is to follow with the eye, not for a large log.
set -eu
[ $# = 2 ] || { echo "usage: check.sh URL|DIR VKEY" >&2; exit 2; }
place=$1 vkey=$2
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
refuse() { echo "REFUSED: $*"; exit 1; }
get() {
    case $place in
    http://* | https://*) curl -sf -o "$work/$2" "$place/$1" ;;
    *) cp "$place/$1" "$work/$2" 2>/dev/null ;;
    esac || refuse "$1 is missing"
}
sha256() { openssl dgst -sha256 -binary; }

# ---- 1. the signature -------------------------------------------------------------------------------------
name=${vkey%%+*} key=${vkey#*+*+}                                      # a name has no +, a key may have
get checkpoint note
sed '/^$/,$d' "$work/note" > "$work/text"                            # what is signed: up to the empty line
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'                # "an Ed25519 key follows", in DER
  printf %s "$key" | base64 -d | tail -c 32; } > "$work/key"               # behind one byte that names the kind
is_signed=0
for line in $(grep -F "— $name " "$work/note" | cut -d ' ' -f 3); do         # two while the log changes its key
    printf %s "$line" | base64 -d | tail -c 64 > "$work/signature"         # behind four bytes that name the key
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in "$work/text" \
        -sigfile "$work/signature" > /dev/null 2>&1 && is_signed=1
done
[ $is_signed = 1 ] || refuse "the checkpoint's signature does not hold"
{ read -r origin; read -r size; read -r root; } < "$work/text"
[ "$origin" = "$name" ] || refuse "the checkpoint is not one of the log $name"

# ---- 2. and 3. every entry: its hash, the chain, the tree --------------------------------------------------
before=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=                                # 32 zero bytes
index=0
while [ "$index" -lt "$size" ]; do
    if [ $((index % 256)) = 0 ]; then                                # the next bundle, cut into its entries
        number=$((index / 256)) part=$((size - index))
        path=$(printf %03d $((number % 1000)))                       # 1234067 is x001/x234/067
        while number=$((number / 1000)); [ $number -gt 0 ]; do path=$(printf x%03d/%s $((number % 1000)) "$path"); done
        path=tile/entries/$path
        [ $part -ge 256 ] && part=256 || path=$path.p/$part
        get "$path" bundle
        rm -f "$work"/entry.*; split -b 111 -a 3 "$work/bundle" "$work/entry."
        lengths=$(od -An -v -tx1 -w111 "$work/bundle" | cut -c 1-6 | sort -u)
        [ "$lengths" = " 00 6d" ] || refuse "one of the entries from $index on has another length than 109 bytes"
        set -- "$work"/entry.*
        [ $# = $part ] || refuse "$path has not $part entries, from entry $index on"
    fi
    tail -c 109 "$1" > "$work/entry"; shift
    read -r text < "$work/entry" || :
    commitment=${text%%'","p":'*}; commitment=${commitment#'{"c":"'}
    [ "$text" = "{\"c\":\"$commitment\",\"p\":\"$before\",\"v\":1}" ] && [ ${#text} = 109 ] ||
        refuse "entry $index does not name the one before it"
    { printf '\000'; cat "$work/entry"; } | sha256 > "$work/0-$index"
    before=$(base64 < "$work/0-$index")
    level=0 n=$index
    while [ $((n % 2)) = 1 ]; do                                     # a right half: join it with the left one
        { printf '\001'; cat "$work/$level-$((n - 1))" "$work/$level-$n"; } | sha256 > "$work/$((level + 1))-$((n / 2))"
        rm "$work/$level-$((n - 1))" "$work/$level-$n"
        level=$((level + 1)) n=$((n / 2))
    done
    index=$((index + 1))
done
sha256 < /dev/null > "$work/top"                                     # the root of a log without entries
level=0 n=$size is_first=1
while [ "$n" -gt 0 ]; do                                             # what is left, from right to left
    if [ $((n % 2)) = 1 ]; then
        if [ $is_first = 1 ]; then cp "$work/$level-$((n - 1))" "$work/top"; is_first=0
        else
            { printf '\001'; cat "$work/$level-$((n - 1))" "$work/top"; } | sha256 > "$work/joined"
            mv "$work/joined" "$work/top"
        fi
    fi
    level=$((level + 1)) n=$((n / 2))
done
[ "$(base64 < "$work/top")" = "$root" ] || refuse "the entries do not lead to the signed root"
echo "OK: $name signs $size entries, root $root; chain and tree agree"
