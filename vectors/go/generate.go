// Prints what Go's standard library makes of inputs, as JSON: go run generate.go base64 | key-urls | text | trim-space
package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"
)

// Either the bytes, or the offset that the error names.
type base64Row struct {
	Text string  `json:"text"`
	Hex  *string `json:"hex,omitempty"`
	At   *int64  `json:"at,omitempty"`
}

func decodeRow(text string) base64Row {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		at := int64(err.(base64.CorruptInputError))
		return base64Row{Text: text, At: &at}
	}
	s := hex.EncodeToString(bytes)
	return base64Row{Text: text, Hex: &s}
}

func base64Rows() []base64Row {
	texts := []string{
		"", "=", "==", "===", "====", "A", "A=", "A==", "A===", "AA", "AA=", "AA==", "AA===", "AA====", "AAA", "AAA=", "AAA==",
		"AAAA", "AAAA=", "AAAA==", "AAAAA", "AAAAAA", "AAAAAA==", "AAAAAAA", "AAAAAAA=", "AAAAAAAA", "AA=A", "AA=A=", "A=AA", "=AAA",
		"AA==AA==", "AAA=AAAA", "AA\n==", "AA=\n=", "AA==\n", "AA=\r\n=\r\n", "A\nA", "A\nA\n", "AA=\nA", "AA=\n", "AA=\r", "\n", "\r\n\r\n", "\nAAAA",
		"AAAA\nAAAA", "AAAA\n", "AAAA\nA", "AAAA\nAA\n\n", "AAA\n=", "AAA=\n\n\n", "AAA=\nA", "AB==", "AP==", "AAB=", "AA/=", "//8=", "//9=", "++//",
		"AA AA", " AAAA", "AAAA ", "AA\tAA", "AA\vAA", "AA\fAA", "AA\u00a0AA", "AA-A", "AA_A", "-___", "AAA\x00", "AéAA", "é", "éAAA", "AAAé", "AAAAé", "AAAA\nAéA",
		"AAAAé\nAAAA", "A\U0001F600AA", "AAAA\U0001F600", "AAAAAAAAAAAAAAA!", "AAAAAAAA!AAAAAAA", "AAAAAAA\nA!", "oKGio6Slpqeoqaqr", "lnQdRCu/Z8cWAmVtpFSIwwXWrfDstgDI0Q",
		"lnQdRCu_Z8cWAmVtpFSIwwXWrfDstgDI0Q==", "AA=é", "AA=\né", "AA==é", "AAA=é", "A=é", "AA\u2028AA", "\u0080\u0080\u0080\u0080", "AAAA\u0080\u0080\u0080\u0080", "AA\ufeffAA", "\ufeffAAAA", "AAAA\u0085",
	}
	// Pieces that meet every branch of a decoder, put together at random.
	pieces := []string{"A", "B", "Q", "/", "+", "9", "AAAA", "QUJD", "AAAAAAAA", "=", "==", "\n", "\r\n", "!", "-", " ", "é"}
	weights := []int{6, 4, 4, 3, 3, 3, 6, 6, 3, 6, 3, 4, 2, 1, 1, 1, 1}
	var bag []string
	for i, piece := range pieces {
		for range weights[i] {
			bag = append(bag, piece)
		}
	}
	random := rand.New(rand.NewSource(1))
	seen := map[string]bool{}
	for _, text := range texts {
		seen[text] = true
	}
	for len(texts) < 2000 {
		var text strings.Builder
		for range 1 + random.Intn(9) {
			text.WriteString(bag[random.Intn(len(bag))])
		}
		if s := text.String(); !seen[s] {
			seen[s] = true
			texts = append(texts, s)
		}
	}
	rows := make([]base64Row, len(texts))
	for i, text := range texts {
		rows[i] = decodeRow(text)
	}
	return rows
}

// What url.Parse and url.ParseQuery say. `user`: the authority holds user information. `bytes`: a decoded part is not UTF-8.
type urlRow struct {
	URL        string      `json:"url"`
	Error      string      `json:"error,omitempty"`
	QueryError string      `json:"queryError,omitempty"`
	Scheme     string      `json:"scheme,omitempty"`
	Host       string      `json:"host,omitempty"`
	Path       string      `json:"path,omitempty"`
	Opaque     string      `json:"opaque,omitempty"`
	OmitHost   bool        `json:"omitHost,omitempty"`
	User       bool        `json:"user,omitempty"`
	Bytes      bool        `json:"bytes,omitempty"`
	Query      [][2]string `json:"query,omitempty"`
}

func parseRow(text string) urlRow {
	row := urlRow{URL: text}
	u, err := url.Parse(text)
	if err != nil {
		row.Error = err.(*url.Error).Err.Error()
		return row
	}
	row.Scheme, row.Host, row.Path, row.Opaque, row.OmitHost, row.User = u.Scheme, u.Host, u.Path, u.Opaque, u.OmitHost, u.User != nil
	row.Bytes = !utf8.ValidString(u.Host + u.Path + u.Fragment)
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		row.QueryError = err.Error()
		return row
	}
	for _, part := range strings.Split(u.RawQuery, "&") {
		values, _ := url.ParseQuery(part)
		for name, list := range values {
			row.Query = append(row.Query, [2]string{name, list[0]})
			row.Bytes = row.Bytes || !utf8.ValidString(name+list[0])
		}
	}
	return row
}

func urlRows() []urlRow {
	texts := []string{
		"awskms://1234abcd-12ab-34cd-56ef-1234567890ab?region=us-east-1", "awskms://alias/ExampleAlias?region=us-east-1",
		"awskms:///arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34bc-56ef-1234567890ab?region=us-east-1",
		"awskms:///arn:aws:kms:us-east-1:111122223333:alias/name", "awskms://arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34bc-56ef-1234567890ab",
		"awskms://arn:aws:kms:us-east-1:111122223333", "awskms:///alias/app", "awskms:alias/app", "awskms:/alias/app", "awskms:", "awskms://", "awskms:///", "awskms://?region=x", "awskms:?region=x",
		"awskms://alias/app?region=us-east-1&context_a=b&context_c=d", "awskms://alias/app?context_a=1&context_a=2", "awskms://alias/app?context_a%20b=c+d%2Be",
		"awskms://alias/app?endpoint=http://127.0.0.1:4566&region=us-east-1", "awskms://alias/app?endpoint=http%3A%2F%2F127.0.0.1%3A4566",
		"awskms://alias/app?awssdk=v2", "awskms://alias/app?role=arn:aws:iam::1:role/x", "awskms://alias/a%20b", "awskms://alias/a b", "awskms://al ias/app", "awskms://al%20ias/app", "awskms://al%25ias/app",
		"awskms://al%C3%A9/app", "awskms://alé/app", "awskms://al%FFias/app", "awskms://alias/%FF", "awskms://alias/%E2%82", "awskms://alias/%C3%A9", "awskms://alias/%zz", "awskms://alias/%", "awskms://alias/%4", "awskms://%zz/", "awskms://%41/",
		"azurekeyvault://mykeyvaultname.vault.azure.net/keys/mykeyname", "azurekeyvault://mykeyvaultname.vault.azure.net/keys/mykeyname/version?algorithm=RSA-OAEP-256",
		"azurekeyvault://acmecorpvault.vault.azure.net:443/keys/k", "azurekeyvault://Vault.VAULT.azure.net/keys/K",
		"gcpkms://projects/MYPROJECT/locations/MYLOCATION/keyRings/MYKEYRING/cryptoKeys/MYKEY", "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k?additional_authenticated_data=YWJj",
		"gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k?additional_authenticated_data=YWI=", "hashivault://mykey", "hashivault://my.key?engine=transit/team", "hashivault://mykey?engine=a%2Fb", "hashivault://mykey?engine=a+b",
		"secrets+keeper+awskms://alias/app", "secrets+awskms://alias/app", "AWSKMS://Alias/App", "AwsKms:Opaque", "passphrase", "passphrase:", "passphrase:x", "passphrase://", "default", "",
		"*", ":", ":x", "://x", "1a:x", "+a:x", "a+b-c.1:x", "a_b://x", "a b://x", "é://x", "/x", "//x", "x/y:z", "x:y:z", "a:b/c", "a:/b", "a:b?c", "a:b?c#d", "a:#", "a:#%zz", "a://h#%zz", "a://h/p#f?q", "a://h/p#f%20g", "a://h#%FF",
		"a://h?", "a://h??", "a://h?a?b", "a://h?a=b?c", "a://h?&&a&b=&=c&=&", "a://h?a=1;b=2", "a://h?a=1&b;c&d=2", "a://h?a=%zz", "a://h?%zz=1", "a://h?a=%", "a://h?a=%FF", "a://h?a=%C3%A9+%2B", "a://h?a=é", "a://h?a=b=c", "a://h?a=b%26c", "a://h?a b=c d",
		"a://u@h/p", "a://u:p@h/p", "a://@h", "a://u@", "a://u:p:q@h", "a://u%zz@h", "a://h/p@q", "a://h/?x=u@v", "a://é@h", "a://u@v@h",
		"a://h:", "a://h:80", "a://h:80/p", "a://h:x", "a://h:8x/p", "a://:80", "a://a:b:80", "a://a:b:c", "a://::1", "a://1:2:3/p", "a://h:80:",
		"a://[::1]", "a://[::1]:80/p", "a://[::1]:x", "a://[::1", "a://::1]", "a://x[::1]", "a://[1.2.3.4]", "a://[zz]", "a://[::ffff:1.2.3.4]", "a://[]", "a://[::1]x", "a://[fe80::1%25en0]/",
		"a://h\\x", "a://h^x", "a://h`x", "a://{h}", "a://h|x", "a://h<x>", "a://h\"x", "a://h'x", "a://h!$&'()*+,;=~_-.x", "a://h/p^{|}\\`<>\"", "a://h//p//q/../r/.", "a:////x", "a:///x", "a:/x?y#z", "a:%zz", "a:%41", "a:x%zz", "a:/%41%2F",
		"a://h\x7f", "a://h\x01", "a://h/\tp", "a://h/\np", " a://h", "a://h ", "a://h/p ", "a ://h", "a://h\u0085", "a://h\u00a0", "a://h/\U0001F600?\U0001F600=\U0001F600",
	}
	rows := make([]urlRow, len(texts))
	for i, text := range texts {
		rows[i] = parseRow(text)
	}
	return rows
}

type trimRow struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// What strings.TrimSpace leaves, in hex: the input need not be UTF-8.
func trimRows() []trimRow {
	spaces := []string{"\t", "\n", "\v", "\f", "\r", " ", "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"}
	others := []string{"\x00", "\x1c", "\x1f", "\x7f", "\u0084", "\u180e", "\u200b", "\u2060", "\ufeff", "\u2027", "\u3001", "\u205e", "\x85", "\xa0", "\xc2", "\xe2\x80", "\x80\x80", "\xff", "\xe1\x9a", "\xf0\x9f\x98\x80"}
	texts := []string{"", " ", "\n\n", "\u3000\u2028", "pw", " pw ", "  pw1 \n\n", "p w", "\t\u00a0p\u00a0w\u0085\r\n", "\xffpw\xff", " \xff ", "pw\xe2\x80\x80", "pw\xc2\xe2\x80\x80", "pw\xc2\x85", "pw\xe2\xc2\x85", "\xc2\x85\x85pw"}
	for _, s := range append(append([]string{}, spaces...), others...) {
		texts = append(texts, s+"pw"+s, s+s+" pw\n"+s, "p"+s+"w", s)
	}
	for _, a := range others {
		for _, b := range []string{" ", "\u00a0", "\u2003", "\u0085"} {
			texts = append(texts, b+a+"pw"+a+b, a+b+"pw"+b+a)
		}
	}
	rows := make([]trimRow, len(texts))
	for i, text := range texts {
		rows[i] = trimRow{hex.EncodeToString([]byte(text)), hex.EncodeToString([]byte(strings.TrimSpace(text)))}
	}
	return rows
}

type textRow struct {
	Hex  string `json:"hex"`
	Text string `json:"text"`
}

// What becomes of bytes that need not be UTF-8 when encoding/json prints them: each byte that is no part of a
// character is U+FFFD.
func textRows() []textRow {
	texts := []string{"", "abc", "caf\xe9 \xff\xfe", "\xe2\x82", "\xe2\x82\xac", "\xe2\x82x", "\xf0\x9f\x98", "\xf0\x9f\x98\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xed\x9f\xbf", "\xe0\xa0\x80", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\x80", "\xbf\xbf", "\xff", "\xef\xbb\xbfbom", "\xef\xbf\xbd", "\xc3", "\xc3(", "\xe2(\xa1", "\xf0(\x8c\xbc", "a\x00b", "\xc2\xc2\xa0"}
	pieces := []string{"a", "é", "€", "\U0001F600", "\x80", "\xa0", "\xbf", "\xc2", "\xe0", "\xe2", "\xed", "\xf0", "\xf4", "\x90", "\x9f", "\xff", "\xef\xbf"}
	random := rand.New(rand.NewSource(2))
	for len(texts) < 400 {
		var text strings.Builder
		for range 1 + random.Intn(6) {
			text.WriteString(pieces[random.Intn(len(pieces))])
		}
		texts = append(texts, text.String())
	}
	rows := make([]textRow, len(texts))
	for i, text := range texts {
		printed, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		rows[i].Hex = hex.EncodeToString([]byte(text))
		if err := json.Unmarshal(printed, &rows[i].Text); err != nil {
			panic(err)
		}
	}
	return rows
}

func print[T any](rows []T) {
	fmt.Println("[")
	for i, row := range rows {
		text, err := json.Marshal(row)
		if err != nil {
			panic(err)
		}
		comma := ","
		if i == len(rows)-1 {
			comma = ""
		}
		fmt.Printf("  %s%s\n", text, comma)
	}
	fmt.Println("]")
}

func main() {
	switch os.Args[1] {
	case "base64":
		print(base64Rows())
	case "key-urls":
		print(urlRows())
	case "text":
		print(textRows())
	case "trim-space":
		print(trimRows())
	}
}
