/** Text of others as it may stand in a page. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`)
}

/** A page for people; `body` is HTML. */
export function pageOf(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1.5rem 0 }
th, td { text-align: left; vertical-align: top; padding: .25rem 1.5rem .25rem 0; overflow-wrap: anywhere }
td code { font-size: .9rem }
.warn { border-left: .25rem solid #b45309; padding-left: 1rem }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
</body>
</html>
`
}
