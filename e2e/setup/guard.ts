import type { BrowserContext, ConsoleMessage } from '@playwright/test'

/** What a browser says about a server that is away on purpose. */
export const AWAY = /net::ERR_INTERNET_DISCONNECTED|net::ERR_FAILED/

/** A new key is looked up before its first record is published, and the relay says 404 to that. */
const NOT_PUBLISHED_YET = /status of 404 .*\/[a-z0-9]{52}\?policy=/
/** So says the homeserver of somebody who has revoked no key and requires no signatures. */
const NO_SUCH_RULE = /status of 404 .*\/pub\/pubky\.keys\/(policy|revoked)/

/**
 * Collects everything that a browser complains about: errors in the console, exceptions, breaches of
 * the content security policy, scripts and data that could not be loaded.
 */
export class Guard {
  readonly complaints: string[] = []
  readonly #allowed: RegExp[] = [NOT_PUBLISHED_YET, NO_SUCH_RULE]

  /** From now on complaints like these are part of the story. */
  allow(...patterns: RegExp[]): void {
    this.#allowed.push(...patterns)
  }

  async watch(context: BrowserContext): Promise<void> {
    context.on('console', (message) => {
      if (message.type() === 'error') this.#add(describe(message))
    })
    context.on('weberror', (error) => this.#add(`exception: ${error.error().message}`))
    await context.exposeBinding('reportBreach', (_, text: unknown) => this.#add(String(text)))
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        const text = `policy: ${event.violatedDirective} forbids ${event.blockedURI}`
        ;(globalThis as unknown as { reportBreach: (text: string) => void }).reportBreach(text)
      })
    })
  }

  #add(text: string): void {
    if (!this.#allowed.some((pattern) => pattern.test(text))) this.complaints.push(text)
  }
}

function describe(message: ConsoleMessage): string {
  const { url } = message.location()
  return url ? `${message.text()} (${url})` : message.text()
}
