// Command verify checks a published log of databeheer with code that its makers did not write: Go's own
// checksum database (golang.org/x/mod/sumdb) gives the signatures, the hashes and the proofs.
//
//	verify -key VKEY [-old CHECKPOINT] [-receipt FILE] URL|DIR
//
// It reads everything: the signed checkpoint, every tile of every level, every entry. Exit status: 0 it
// holds, 1 it does not (and a sentence names the first bad entry), 2 wrong use: no verifier key, or an address
// where nobody answers, 3 it is shorter than what you kept: rolled back, or a mirror of before.
//
// Nothing counts that was not hashed up to the signed root. That is why tlog.TileHashReader is not used: it
// authenticates only the tiles that it was asked for, and in version 0.7.0 not even all of those (README.md).
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	width       = 256 // hashes in a full tile, entries in a full bundle
	height      = 8   // 2^8 = 256
	entryLength = 109
)

// emptyRoot is SHA-256(""), the root of the tree without entries (RFC 6962); tlog 0.7.0 says 32 zero bytes.
var emptyRoot = mustHash("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")

// errShorter says no more than this: who rolled a log back and who has an old mirror of it show the same files.
var errShorter = errors.New("the log is shorter than what you kept")

// errUse is about what was given on the command line: of the log it says nothing.
var errUse = errors.New("wrong use")

var canonicalEntry = regexp.MustCompile(`^\{"c":"([A-Za-z0-9+/]{43}=)","p":"([A-Za-z0-9+/]{43}=)","v":1\}$`)

// A log is what is behind a URL or directory, held against one signed tree.
type log struct {
	fetch  func(path string, limit int64) ([]byte, error)
	tree   tlog.Tree
	levels [][]tlog.Hash // levels[l][i]: hash i of the tiles of level l, as published
}

func main() {
	key := flag.String("key", "", "the log's verifier key, as you got it in another way than from the log")
	old := flag.String("old", "", "a checkpoint that you kept: the log must still begin with it")
	receipt := flag.String("receipt", "", "a receipt (.tlog-proof): its entry must be in the log")
	flag.Parse()
	if flag.NArg() != 1 || *key == "" {
		flag.Usage()
		os.Exit(2)
	}
	said, err := verify(flag.Arg(0), *key, *old, *receipt)
	if errors.Is(err, errUse) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err != nil {
		fmt.Println("REFUSED:", err)
		if errors.Is(err, errShorter) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(said)
}

func verify(place, vkey, oldFile, receiptFile string) (string, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", fmt.Errorf("%w: the key is not a verifier key, mistyped? (%v)", errUse, err)
	}
	l := &log{fetch: source(place)}
	signed, err := l.fetch("checkpoint", 1e6)
	if unanswered := (*url.Error)(nil); errors.As(err, &unanswered) {
		return "", fmt.Errorf("%w: nothing could be read: %v", errUse, err)
	}
	if err != nil {
		return "", err
	}
	if l.tree, err = openCheckpoint(signed, verifier); err != nil {
		return "", err
	}
	if err := l.checkEntries(l.readTiles()); err != nil {
		return "", err
	}
	said := fmt.Sprintf("OK: %s signs %d entries, root %v; every tile and every entry agrees",
		verifier.Name(), l.tree.N, l.tree.Hash)
	if oldFile != "" {
		earlier, err := os.ReadFile(oldFile)
		if err != nil {
			return "", err
		}
		tree, err := openCheckpoint(earlier, verifier)
		if err == nil {
			err = l.checkPrefix(tree, "the checkpoint that you kept")
		}
		if err != nil {
			return "", err
		}
		said += fmt.Sprintf("; it begins with the %d entries of the checkpoint that you kept", tree.N)
	}
	if receiptFile != "" {
		index, err := l.checkReceipt(receiptFile, verifier)
		if err != nil {
			return "", fmt.Errorf("the receipt: %w", err)
		}
		said += fmt.Sprintf("; the receipt's entry %d is in it", index)
	}
	return said, nil
}

// openCheckpoint checks the signature and returns the tree that is signed.
func openCheckpoint(signed []byte, verifier note.Verifier) (tree tlog.Tree, err error) {
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tree, fmt.Errorf("the checkpoint's signature does not hold: %w", err)
	}
	if _, err := strictBase64(n.Sigs[0].Base64); err != nil { // note.Open lets a second spelling pass
		return tree, fmt.Errorf("the checkpoint's signature does not hold: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("the checkpoint is not one of the log %s", verifier.Name())
	}
	if tree.N, err = decimal(lines[1]); err != nil {
		return tree, fmt.Errorf("the checkpoint's size: %w", err)
	}
	if tree.Hash, err = hash(lines[2]); err != nil {
		return tree, fmt.Errorf("the checkpoint's root: %w", err)
	}
	if tree.N == 0 && tree.Hash != emptyRoot {
		return tree, errors.New("the checkpoint has no entries, but another root than that of an empty log")
	}
	return tree, nil
}

// readTiles reads every tile of every level and authenticates them from the top down.
func (l *log) readTiles() error {
	for level := 0; l.tree.N>>(height*level) > 0; level++ {
		hashes := make([]tlog.Hash, 0, l.tree.N>>(height*level))
		for number := int64(0); int64(len(hashes)) < l.tree.N>>(height*level); number++ {
			w := l.width(level, number)
			data, err := l.part(level, number, w, int64(tlog.HashSize*w))
			if err == nil && len(data) != tlog.HashSize*w {
				err = fmt.Errorf("%s has not %d hashes", path(level, number, w), w)
			}
			if err != nil {
				return fmt.Errorf("%w (it covers entries from %d on)", err, number<<(height*(level+1)))
			}
			for ; len(data) > 0; data = data[tlog.HashSize:] {
				var h tlog.Hash
				copy(h[:], data)
				hashes = append(hashes, h)
			}
		}
		l.levels = append(l.levels, hashes)
	}
	if l.tree.N == 0 {
		return nil
	}
	// The partial tiles of all levels, and nothing else, make the root. So the root authenticates them ...
	root, err := tlog.TreeHash(l.tree.N, tlog.HashReaderFunc(l.readHashes))
	if err != nil {
		return err
	}
	if root != l.tree.Hash {
		return errors.New("the published tiles do not lead to the signed root (which one is wrong, they cannot tell)")
	}
	// ... and every full tile is one hash of the level above, which by then is known to be right.
	for level := len(l.levels) - 2; level >= 0; level-- {
		for i, parent := range l.levels[level+1] {
			if treeOf(l.levels[level][i*width:(i+1)*width]) != parent {
				return fmt.Errorf("%s is not the one that the level above names (it covers entries from %d on)",
					path(level, int64(i), width), int64(i)<<(height*(level+1)))
			}
		}
	}
	return nil
}

// checkEntries rehashes every entry, follows the chain, and compares with the tiles of level 0. An entry that
// differs from its tile is to blame alone where the tiles hold (tiles == nil); otherwise both are named.
func (l *log) checkEntries(tiles error) error {
	var before tlog.Hash // entry 0 names 32 zero bytes
	for number := int64(0); number*width < l.tree.N; number++ {
		w, first := l.width(0, number), number*width
		bundle, err := l.part(-1, number, w, int64(w*(2+entryLength)))
		for i := first; i < first+int64(w) && err == nil; i++ {
			if before, bundle, err = l.checkEntry(i, bundle, before); err != nil {
				err = fmt.Errorf("entry %d %w", i, err)
			}
		}
		if err == nil && len(bundle) != 0 {
			err = fmt.Errorf("%s goes on after its %d entries", path(-1, number, w), w)
		}
		if err != nil && tiles != nil {
			err = fmt.Errorf("%w; and %v", err, tiles)
		}
		if err != nil {
			return err
		}
	}
	return tiles
}

// checkEntry takes entry i off the bundle and returns its leaf hash and the rest.
func (l *log) checkEntry(i int64, bundle []byte, before tlog.Hash) (leaf tlog.Hash, rest []byte, err error) {
	if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
		return leaf, nil, errors.New("is missing: its bundle is cut short")
	}
	end := 2 + int(binary.BigEndian.Uint16(bundle))
	entry, rest := bundle[2:end], bundle[end:]
	leaf = tlog.RecordHash(entry)
	if len(l.levels) > 0 && leaf != l.levels[0][i] {
		return leaf, nil, errors.New("is not the entry whose hash is in the tiles")
	}
	parts := canonicalEntry.FindSubmatch(entry)
	if parts == nil {
		return leaf, nil, errors.New("is not in the form of an entry")
	}
	if _, err := strictBase64(string(parts[1])); err != nil {
		return leaf, nil, fmt.Errorf("is not in the form of an entry: %w", err)
	}
	if string(parts[2]) != before.String() {
		return leaf, nil, errors.New("does not name the entry before it")
	}
	return leaf, rest, nil
}

// checkPrefix sees that the log still begins with an earlier tree, whose tiles are all among ours.
func (l *log) checkPrefix(earlier tlog.Tree, name string) error {
	if earlier.N > l.tree.N {
		return fmt.Errorf("%w: it has %d entries, and %s %d. Either this is a mirror from before then (fetch it "+
			"anew and check again), or the log was rolled back to entry %d", errShorter, l.tree.N, name, earlier.N, l.tree.N)
	}
	if earlier.N == 0 {
		return nil
	}
	root, err := tlog.TreeHash(earlier.N, tlog.HashReaderFunc(l.readHashes))
	if err == nil && root != earlier.Hash {
		err = fmt.Errorf("one of the first %d entries is not the one that %s was signed for", earlier.N, name)
	}
	return err
}

// checkReceipt checks a receipt against its own checkpoint, and that checkpoint against the log.
func (l *log) checkReceipt(file string, verifier note.Verifier) (index int64, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	head, signed, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		return 0, errors.New("it is not a tlog-proof")
	}
	lines = lines[1:]
	var extra struct{ Entry []byte }
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		content, err := strictBase64(lines[0][len("extra "):])
		if err != nil || json.Unmarshal(content, &extra) != nil {
			return 0, errors.New("its extra line is not ours")
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return 0, errors.New("it has no index")
	}
	if index, err = decimal(lines[0][len("index "):]); err != nil {
		return 0, err
	}
	leaf := tlog.RecordHash(extra.Entry)
	if extra.Entry == nil && index < l.tree.N { // a receipt of another make may leave it out
		leaf = l.levels[0][index]
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		h, err := hash(line)
		if err != nil {
			return 0, err
		}
		proof = append(proof, h)
	}
	tree, err := openCheckpoint(signed, verifier)
	if err != nil {
		return 0, err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
		return 0, fmt.Errorf("its proof for entry %d does not hold: %w", index, err)
	}
	return index, l.checkPrefix(tree, "its checkpoint")
}

// readHashes gives tlog the hashes that it asks for, from the published tiles. A hash inside a tile is made
// from the tile's own hashes.
func (l *log) readHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		depth := uint(level % height)
		first, end := n<<depth, (n+1)<<depth
		if level/height >= len(l.levels) || end > int64(len(l.levels[level/height])) {
			return nil, errors.New("the tree is not that large")
		}
		hashes[i] = treeOf(l.levels[level/height][first:end])
	}
	return hashes, nil
}

// treeOf is the root over 2^k hashes.
func treeOf(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(treeOf(hashes[:half]), treeOf(hashes[half:]))
}

// width is how many hashes (level 0: entries too) a tile has in this tree.
func (l *log) width(level int, number int64) int {
	if rest := l.tree.N>>(height*level) - number*width; rest < width {
		return int(rest)
	}
	return width
}

// path is tlog's path of a tile in C2SP's spelling: no height element, and `entries` for `data`.
func path(level int, number int64, w int) string {
	p := tlog.Tile{H: height, L: level, N: number, W: w}.Path()
	p = strings.Replace(p, "tile/8/", "tile/", 1)
	return strings.Replace(p, "tile/data/", "tile/entries/", 1)
}

// part fetches a tile or bundle; a log may drop a partial one once the full one is there.
func (l *log) part(level int, number int64, w int, limit int64) ([]byte, error) {
	data, err := l.fetch(path(level, number, w), limit)
	if !errors.Is(err, os.ErrNotExist) || w == width {
		return data, err
	}
	full, fullErr := l.fetch(path(level, number, width), limit/int64(w)*width)
	if fullErr != nil || int64(len(full)) < limit {
		return nil, err
	}
	return full[:limit], nil
}

func decimal(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%q is not a number in its one spelling", text)
	}
	return n, nil
}

func hash(text string) (h tlog.Hash, err error) {
	data, err := strictBase64(text)
	if err == nil && len(data) != tlog.HashSize {
		err = fmt.Errorf("%q is not a hash", text)
	}
	copy(h[:], data)
	return h, err
}

func mustHash(text string) tlog.Hash {
	h, err := hash(text)
	if err != nil {
		panic(err)
	}
	return h
}

// strictBase64 refuses second spellings: Go's decoder skips line ends and, unless told, unused bits.
func strictBase64(text string) ([]byte, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(data) != text {
		return nil, fmt.Errorf("%q is not base64 in its one spelling", text)
	}
	return data, nil
}
