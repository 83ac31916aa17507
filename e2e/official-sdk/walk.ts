type Official = typeof import('@synonymdev/pubky')

export interface WalkStart {
  homeserver: string
  /** For one sign-up each. */
  tokens: readonly [string, string]
  relay: string
}

export interface Walked {
  /** Names of what was used: `Client#fetch`, `Keypair.random`, `new Pubky`, `resolvePubky`. */
  used: string[]
  /** What came of it, the same wherever it runs. */
  told: Record<string, unknown>
}

/**
 * Uses everything that the official package names, as its README does. It holds all that it needs, because
 * it also runs as text in the page of an app, where the package lies at the window.
 */
export async function walkEverything(at: WalkStart, given?: Official): Promise<Walked> {
  const original = given ?? (globalThis as unknown as { pubky: Official }).pubky
  const used = new Set<string>()

  // Every name notes its use; what it does stays as it is.
  function noted(owner: object, key: PropertyKey, name: string): () => void {
    const own = Object.getOwnPropertyDescriptor(owner, key) ?? {}
    const { value, get } = own as { value?: unknown; get?: () => unknown }
    const wrap = (inner: (...args: unknown[]) => unknown) =>
      function (this: unknown, ...args: unknown[]) {
        used.add(name)
        return inner.apply(this, args)
      }
    if (get) Object.defineProperty(owner, key, { ...own, get: wrap(get) })
    else if (typeof value === 'function')
      Object.defineProperty(owner, key, { ...own, value: wrap(value as () => unknown) })
    return () => Object.defineProperty(owner, key, own)
  }
  const undo: (() => void)[] = []
  const watched: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(original)) {
    if (typeof value !== 'function') continue
    const { prototype } = value as { prototype?: object }
    const isClass = /^[A-Z]/.test(name) && prototype !== undefined
    if (isClass) {
      for (const key of Object.getOwnPropertyNames(prototype))
        if (key !== 'constructor') undo.push(noted(prototype, key, `${name}#${key}`))
      for (const key of Object.getOwnPropertyNames(value))
        if (!['length', 'name', 'prototype'].includes(key))
          undo.push(noted(value, key, `${name}.${key}`))
    }
    watched[name] = new Proxy(value, {
      construct(target, args) {
        used.add(`new ${name}`)
        return Reflect.construct(target, args)
      },
      apply(target, self, args) {
        used.add(name)
        return Reflect.apply(target, self, args)
      },
    })
  }
  const sdk = watched as unknown as Official

  try {
    return { told: await walk(), used: [...used].sort() }
  } finally {
    for (const step of undo) step()
  }

  function errorOf(error: unknown) {
    const { name, data } = error as { name: string; data?: { statusCode?: number } }
    return [name, data?.statusCode ?? null]
  }

  async function refusal(attempt: () => unknown) {
    try {
      await attempt()
      return 'nothing was thrown'
    } catch (error) {
      return errorOf(error)
    }
  }

  async function walk(): Promise<Record<string, unknown>> {
    const told: Record<string, unknown> = {}
    const homeserver = () => sdk.PublicKey.from(at.homeserver)
    try {
      sdk.setLogLevel('error')
    } catch {
      // Once for a process, and others may have been first.
    }

    // Initialization.
    for (const one of [new sdk.Pubky(), sdk.Pubky.testnet('localhost'), new sdk.Pkdns()]) one.free()
    new sdk.PublicStorage().free()
    const plain = new sdk.Client()
    told.plainFetch = (await plain.fetch('http://localhost:6286/')).status
    const pubky = sdk.Pubky.withClient(sdk.Client.testnet())

    // Keys.
    const keypair = sdk.Keypair.random()
    const key = keypair.publicKey
    const z32 = key.z32()
    const again = () => sdk.Keypair.fromSecret(keypair.secret())
    const file = keypair.createRecoveryFile('strong passphrase')
    told.keys = [
      key.toString() === `pubky${z32}`,
      sdk.PublicKey.from(key.toString()).toUint8Array().length,
      sdk.Keypair.fromRecoveryFile(file, 'strong passphrase').publicKey.z32() === z32,
      await refusal(() => sdk.PublicKey.from('nobody')),
    ]

    // Signer and session.
    const signer = pubky.signer(again())
    told.signer = [
      signer.publicKey.z32() === z32,
      sdk.Signer.fromKeypair(again()).publicKey.z32() === z32,
    ]
    const session = await signer.signup(homeserver(), at.tokens[0])
    told.signup = [session.info.publicKey.z32() === z32, session.info.capabilities]
    const blocking = await signer.signinBlocking()
    const exported = (await signer.signin()).export()
    told.restored = [
      (await pubky.restoreSession(exported)).info.publicKey.z32() === z32,
      (await sdk.Session.restore(exported, sdk.Client.testnet())).info.publicKey.z32() === z32,
    ]

    // Storage of the session, and of anybody.
    const storage = session.storage
    const bytes = new Uint8Array([1, 2, 3])
    await storage.putJson('/pub/example.com/data.json', { ok: true })
    await storage.putText('/pub/example.com/note.txt', 'hello')
    await storage.putBytes('/pub/example.com/img.bin', bytes)
    const open = pubky.publicStorage
    const address = (path: string) =>
      `pubky${z32}/pub/example.com/${path}` as `pubky${string}/pub/x`
    const own = (path: string) => `/pub/example.com/${path}` as const
    const shown = (addresses: string[]) => addresses.map((one) => one.replace(z32, 'KEY'))
    const read = async (from: {
      json: () => Promise<unknown>
      text: () => Promise<string>
      bytes: () => Promise<Uint8Array>
      response: () => Promise<Response>
      exists: () => Promise<boolean>
      stats: () => Promise<import('@synonymdev/pubky').ResourceStats | undefined>
      list: () => Promise<string[]>
      missing: () => Promise<unknown>
    }) => {
      const response = await from.response()
      const stats = await from.stats()
      return {
        json: await from.json(),
        text: await from.text(),
        bytes: [...(await from.bytes())],
        response: [response.status, response.headers.get('content-type'), await response.text()],
        exists: await from.exists(),
        stats: [
          stats?.contentLength,
          stats?.contentType,
          stats?.etag,
          stats?.lastModifiedMs !== undefined,
        ],
        list: shown(await from.list()),
        missing: await refusal(from.missing),
      }
    }
    told.own = await read({
      json: () => storage.getJson(own('data.json')),
      text: () => storage.getText(own('note.txt')),
      bytes: () => storage.getBytes(own('img.bin')),
      response: () => storage.get(own('note.txt')),
      exists: () => storage.exists(own('data.json')),
      stats: () => storage.stats(own('data.json')),
      list: () => storage.list(own(''), null, false, 100, false),
      missing: () => storage.getJson(own('missing.json')),
    })
    told.anybody = await read({
      json: () => open.getJson(address('data.json')),
      text: () => open.getText(address('note.txt')),
      bytes: () => open.getBytes(address('img.bin')),
      response: () => open.get(address('note.txt')),
      exists: () => open.exists(address('data.json')),
      stats: () => open.stats(address('data.json')),
      list: () => open.list(address(''), null, false, 100, false),
      missing: () => open.getJson(address('missing.json')),
    })
    await storage.delete(own('img.bin'))
    told.deleted = await storage.exists(own('img.bin'))
    const url = sdk.resolvePubky(address('note.txt'))
    told.resolved = [url.replace(z32, 'KEY'), await (await pubky.client.fetch(url)).text()]

    // Records.
    const { pkdns } = signer
    await pkdns.publishHomeserverIfStale()
    await pkdns.publishHomeserverForce(homeserver())
    sdk.Pkdns.fromKeypair(again()).free()
    told.records = [
      (await pkdns.getHomeserver())?.z32() === at.homeserver,
      (await pkdns.getHomeserverOf(sdk.PublicKey.from(z32)))?.z32() === at.homeserver,
      (await pubky.getHomeserverOf(sdk.PublicKey.from(z32)))?.z32() === at.homeserver,
      await pubky.getHomeserverOf(sdk.Keypair.random().publicKey),
    ]

    // The auth flow: a session, a session step by step, a token alone, a new account.
    const capabilities = sdk.validateCapabilities('/pub/app.test/:wr') as '/pub/app.test/:rw'
    told.capabilities = [capabilities, await refusal(() => sdk.validateCapabilities('nope'))]
    const kind = sdk.AuthFlowKind.signin()
    told.intents = [kind.intent, sdk.AuthFlowKind.signup(homeserver(), at.tokens[1]).intent]
    const flow = pubky.startAuthFlow(capabilities, kind, at.relay)
    // As the README writes it.
    await signer.approveAuthRequest(flow.authorizationUrl.replace('://signin?', ':///?'))
    const scoped = await flow.awaitApproval()
    await scoped.storage.putText('/pub/app.test/a.txt', 'scoped')
    told.flow = [
      scoped.info.capabilities,
      await refusal(() => scoped.storage.putText('/pub/elsewhere/a.txt', 'x')),
    ]
    const polled = pubky.startAuthFlow(capabilities, sdk.AuthFlowKind.signin(), at.relay)
    await signer.approveAuthRequest(polled.authorizationUrl)
    let stepped: import('@synonymdev/pubky').Session | undefined
    for (let i = 0; i < 100 && !stepped; i += 1) {
      stepped = await polled.tryPollOnce()
      if (!stepped) await new Promise((resolve) => setTimeout(resolve, 100))
    }
    told.stepped = stepped?.info.publicKey.z32() === z32
    const asking = sdk.AuthFlow.start('', sdk.AuthFlowKind.signin(), at.relay)
    await signer.approveAuthRequest(asking.authorizationUrl)
    const token = await asking.awaitToken()
    const parsed = sdk.AuthToken.fromBytes(token.toBytes())
    told.token = [
      token.publicKey.z32() === z32,
      token.capabilities,
      parsed.publicKey.z32() === z32,
      sdk.AuthToken.verify(token.toBytes()).publicKey.z32() === z32,
      await refusal(() => sdk.AuthToken.verify(new Uint8Array(10))),
    ]
    const newcomer = sdk.Keypair.random()
    const joining = pubky.startAuthFlow(
      capabilities,
      sdk.AuthFlowKind.signup(homeserver(), at.tokens[1]),
      at.relay,
    )
    const link = sdk.SignupDeepLink.parse(joining.authorizationUrl)
    const joiner = pubky.signer(sdk.Keypair.fromSecret(newcomer.secret()))
    await joiner.signup(link.homeserver, link.signupToken)
    await joiner.approveAuthRequest(joining.authorizationUrl)
    const joined = await joining.awaitApproval()
    told.joined = joined.info.publicKey.z32() === newcomer.publicKey.z32()

    // Links.
    const signinLink = sdk.SigninDeepLink.parse(flow.authorizationUrl)
    const seedText = `pubkyauth://secret_export?secret=${'A'.repeat(43)}`
    const seed = sdk.SeedExportDeepLink.parse(seedText)
    told.links = [
      [signinLink.capabilities, signinLink.baseRelayUrl === at.relay, signinLink.secret.length],
      sdk.SigninDeepLink.parse(signinLink.toString()).toString() === signinLink.toString(),
      [link.capabilities, link.baseRelayUrl === at.relay, link.secret.length],
      link.toString() === sdk.SignupDeepLink.parse(link.toString()).toString(),
      [seed.secret.length, sdk.SeedExportDeepLink.parse(seed.toString()).secret.length],
    ]

    // The end of it.
    await blocking.signout()
    plain.free()
    return told
  }
}
