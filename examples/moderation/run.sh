#!/bin/sh
# Pictures of a folder against a picture policy: sh examples/moderation/run.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../data/example/pictures}
veritrail=${VERITRAIL:-$here/../../target/release/veritrail}
kb=$(mktemp -d)
trap 'rm -rf "$kb"' EXIT

"$veritrail" --kb "$kb/kb" ingest "$here/policy.ttl"
# Exit code 3: some files were no documents; the others are in.
"$veritrail" --kb "$kb/kb" ingest "$folder" || [ $? -eq 3 ]

echo; echo "== waiting for a person"
"$veritrail" --kb "$kb/kb" review --entity "warning sign" --k 5
"$veritrail" --kb "$kb/kb" review --entity "chart" --k 5

# A person looks at the most probable one and says yes.
claim=$("$veritrail" --kb "$kb/kb" review --entity "warning sign" --k 1 | sed -n '1s/ .*//p')
echo; echo "== accepted"
"$veritrail" --kb "$kb/kb" review accept "$claim"

echo; echo "== what the graph knows of it"
"$veritrail" --kb "$kb/kb" sparql - < "$here/review.rq"
