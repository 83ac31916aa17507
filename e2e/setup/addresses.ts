function addressIn(name: string): string {
  const url = process.env[name]
  if (!url) throw new Error(`${name} is not set: the network did not start.`)
  return url
}

export function homeserverAddress(): string {
  return addressIn('PUBKY_E2E_HOMESERVER_URL')
}

/** Origin of the homeserver's page for its operator; the password is `admin`. */
export function adminAddress(): string {
  return addressIn('PUBKY_E2E_ADMIN_URL')
}
