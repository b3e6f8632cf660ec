package plot

import (
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
)

// fonts are the faces of the Go fonts in the sizes that a picture needs. SVG is
// laid out with them as well, so that both pictures look alike.
type fonts struct{ faces map[faceKey]font.Face }

type faceKey struct {
	size float64
	bold bool
}

// parsed are the two fonts, read when the first picture needs them. They do not change.
var parsed = sync.OnceValue(func() (f [2]*opentype.Font) {
	for i, ttf := range [][]byte{goregular.TTF, gobold.TTF} {
		var err error
		if f[i], err = opentype.Parse(ttf); err != nil {
			panic("the fonts in the program: " + err.Error())
		}
	}
	return f
})

func newFonts() *fonts { return &fonts{map[faceKey]font.Face{}} }

func (f *fonts) face(t typeface) font.Face {
	key := faceKey{t.size, t.bold}
	if face := f.faces[key]; face != nil {
		return face
	}
	family := parsed()[0]
	if t.bold {
		family = parsed()[1]
	}
	face, err := opentype.NewFace(family, &opentype.FaceOptions{Size: t.size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic("the fonts in the program: " + err.Error())
	}
	f.faces[key] = face
	return face
}

// width is the width of a text in pixels.
func (f *fonts) width(s string, t typeface) float64 {
	return float64(font.MeasureString(f.face(t), s)) / 64
}

// fit shortens a text to a width, with an ellipsis at its end.
func (f *fonts) fit(s string, t typeface, width float64) string {
	if f.width(s, t) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && f.width(string(runes)+"…", t) > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}
