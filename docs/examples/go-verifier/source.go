package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// source returns how the files of a log are read: over HTTP, or from a directory or mirror. What is not there
// is os.ErrNotExist; what is longer than it may be is refused.
func source(place string) func(path string, limit int64) ([]byte, error) {
	if !strings.HasPrefix(place, "http://") && !strings.HasPrefix(place, "https://") {
		return func(path string, limit int64) ([]byte, error) {
			file, err := os.Open(filepath.Join(place, filepath.FromSlash(path)))
			if os.IsNotExist(err) || strings.HasSuffix(fmt.Sprint(err), "not a directory") {
				return nil, fmt.Errorf("%s is missing: %w", path, os.ErrNotExist)
			}
			if err != nil {
				return nil, err
			}
			defer file.Close()
			return readAll(file, path, limit)
		}
	}
	client := &http.Client{Timeout: time.Minute}
	return func(path string, limit int64) ([]byte, error) {
		answer, err := client.Get(strings.TrimSuffix(place, "/") + "/" + path)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		if answer.StatusCode == http.StatusNotFound {
			return nil, fmt.Errorf("%s is missing: %w", path, os.ErrNotExist)
		}
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: the log answers %s", path, answer.Status)
		}
		return readAll(answer.Body, path, limit)
	}
}

func readAll(file io.Reader, path string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is longer than the %d bytes that it may have", path, limit)
	}
	return data, err
}
