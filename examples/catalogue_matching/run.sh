#!/bin/sh
# Photos to products: sh examples/catalogue_matching/run.sh [DATA SET [FOLDER]]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dataset=${1:-$here/products}
folder=${2:-$here/../../data/example}
veritrail=${VERITRAIL:-$here/../../target/release/veritrail}
kb=$(mktemp -d)
trap 'rm -rf "$kb"' EXIT

echo "== how often the right product comes first: altered copies of known photos"
"$veritrail" eval "$dataset" --task image-to-doc --asked copies --format text
echo; echo "== which products do near pictures show?"
# Exit code 3: some files were no documents; the others are in.
"$veritrail" --kb "$kb/kb" ingest "$folder" || [ $? -eq 3 ]
"$veritrail" --kb "$kb/kb" sparql - < "$here/matches.rq"
