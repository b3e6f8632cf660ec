package web

import "io/fs"

// Built are the pages as npm built them: index.html, app.js and app.css. nil when the program was built without them.
func Built() fs.FS { return built() }
