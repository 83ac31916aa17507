import { socialGraphContract } from '@pubky/testkit/social-graph-contract'
import { describe, test } from 'vitest'
import { createNeo4jGraph } from './neo4j-graph.ts'

// Of its own, because the suite empties the graph, and services under test follow NEO4J_URI.
const uri = process.env.TEST_NEO4J_URI

if (uri) {
  const { NEO4J_USER: user, NEO4J_PASSWORD: password } = process.env
  const access = { ...(user ? { user } : {}), ...(password ? { password } : {}) }
  socialGraphContract('Neo4j', () => createNeo4jGraph({ uri, ...access }))
} else {
  describe('SocialGraph of Neo4j', () => {
    test.skip('the contract suite: TEST_NEO4J_URI names no server', () => {})
  })
}
