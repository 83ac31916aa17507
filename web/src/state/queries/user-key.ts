export function userKey(user: string): readonly ['user', string] {
  return ['user', user]
}
