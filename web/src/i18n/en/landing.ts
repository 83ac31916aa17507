export const landing = {
  title: 'Pubky: own your place in the network',
  kicker: 'A network without a landlord',
  headlineLead: 'Your key.',
  headlineRest: 'Your words.',
  headlineBrand: 'Your people.',
  lead: 'Pubky is a social network built on a key that only you hold. Post, tag and follow; take everything with you whenever you like.',
  create: 'Create account',
  explore: 'Look around first',
  signIn: 'I have a key',
  point1Title: 'A name nobody can revoke',
  point1Text:
    'Your identity is a key, made on your device and listed in a directory that no company runs.',
  point2Title: 'Every post is signed',
  point2Text: 'A shield on each post shows who signed it. Your own browser checks the proof.',
  point3Title: 'Tags instead of likes',
  point3Text:
    'Say what something is rather than that you saw it. Tags find the good things and the right people.',
  sampleName: 'Ada',
  samplePost:
    'Moved to another host this morning. Same key, same posts, same people. Nobody noticed, which is the point.',
  sampleProof: 'Signature checked',
  footer: 'Open source. Run any part of it yourself.',
} as const
