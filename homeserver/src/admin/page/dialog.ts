import { h, icon, note, why } from './dom.ts'

/** A form in a modal dialog; closes when `save` succeeds, and says why when it does not. */
export function openDialog(o: {
  title: string
  text?: string
  fields: HTMLElement[]
  button: string
  isDangerous?: boolean
  save: (form: FormData) => Promise<string>
}): void {
  const problem = h('p', { class: 'problem', role: 'alert' })
  const submit = h('button', { class: o.isDangerous ? 'danger' : 'primary' }, o.button)
  const close = () => dialog.close()
  const form = h(
    'form',
    { method: 'dialog' },
    h(
      'header',
      {},
      h('h2', {}, o.title),
      h(
        'button',
        { type: 'button', class: 'icon', 'aria-label': 'Close', click: close },
        icon('close'),
      ),
    ),
    o.text ? h('p', { class: 'soft' }, o.text) : null,
    ...o.fields,
    problem,
    h('footer', {}, h('button', { type: 'button', click: close }, 'Cancel'), submit),
  )
  const dialog = h('dialog', { 'aria-label': o.title, close: () => dialog.remove() }, form)

  async function run(): Promise<void> {
    submit.disabled = true
    problem.textContent = ''
    try {
      note(await o.save(new FormData(form)))
      dialog.close()
    } catch (error) {
      problem.textContent = why(error)
    } finally {
      submit.disabled = false
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void run()
  })
  document.body.append(dialog)
  dialog.showModal()
}

export function field(o: {
  name: string
  label: string
  value?: string
  hint?: string
  type?: string
  placeholder?: string
  isRequired?: boolean
}): HTMLElement {
  const id = `field-${o.name}`
  const input =
    o.type === 'area'
      ? h('textarea', { id, name: o.name, rows: '3', placeholder: o.placeholder ?? '' })
      : h('input', {
          id,
          name: o.name,
          type: o.type ?? 'text',
          placeholder: o.placeholder ?? '',
          autocomplete: 'off',
          spellcheck: 'false',
          required: o.isRequired ?? false,
        })
  input.value = o.value ?? ''
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, o.label),
    input,
    o.hint ? h('small', {}, o.hint) : null,
  )
}
