/** People and posts that are only spoken of are nodes with `present = false`. Neo4j 5.23 or newer. */
export const SCHEMA = [
  'CREATE CONSTRAINT person_id IF NOT EXISTS FOR (p:Person) REQUIRE p.id IS UNIQUE',
  'CREATE CONSTRAINT post_key IF NOT EXISTS FOR (p:Post) REQUIRE p.key IS UNIQUE',
  'CREATE CONSTRAINT position_name IF NOT EXISTS FOR (p:Position) REQUIRE p.name IS UNIQUE',
  'CREATE INDEX post_author IF NOT EXISTS FOR (p:Post) ON (p.author)',
]

/** The write to the node holds everybody else back until the end of the transaction. */
export const LOCK_POSITION = `
  MERGE (p:Position {name: 'graph'}) ON CREATE SET p.position = 0
  SET p.locked = true RETURN p.position AS position`

export const READ_POSITION = `MATCH (p:Position {name: 'graph'}) RETURN p.position AS position`

export const SET_POSITION = `MATCH (p:Position {name: 'graph'}) SET p.position = $position`

export const FORGET_SOME = `
  MATCH (n) WHERE n:Person OR n:Post OR n:Position
  WITH n LIMIT 10000 DETACH DELETE n RETURN count(*) AS gone`
