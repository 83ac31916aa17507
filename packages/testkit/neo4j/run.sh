#!/bin/sh
# Fetches Neo4j from Maven Central and runs it for the contract suite: run.sh FOLDER [PORT]
# Then: NEO4J_URI=bolt://127.0.0.1:7687 npx vitest run nexus/src/graph/neo4j
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$1
port=${2:-7687}
mkdir -p "$data/build"
cp -R "$here/pom.xml" "$here/src" "$data/build/"
cd "$data/build"
mvn -q -B -DskipTests package dependency:copy-dependencies
exec java -Xmx512m --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
  --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED \
  -cp 'target/classes:target/dependency/*' Main "$data/graph" "$port"
