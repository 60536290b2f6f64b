// Reads texts as JSON strings, one a line, and prints what the zxcvbn of the reference makes of the first 16 bytes of
// each: go run generate.go <texts, with github.com/nbutton23/zxcvbn-go at v0.0.0-20180912185939-ae427f1e4c1d
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	zxcvbn "github.com/nbutton23/zxcvbn-go"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	rows := []string{}
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			panic(err)
		}
		if len(text) > 16 {
			text = text[:16]
		}
		row, _ := json.Marshal(struct {
			Text string  `json:"text"`
			Bits float64 `json:"bits"`
		}{text, zxcvbn.PasswordStrength(text, nil).Entropy})
		rows = append(rows, "  "+string(row))
	}
	fmt.Println("[\n" + strings.Join(rows, ",\n") + "\n]")
}
