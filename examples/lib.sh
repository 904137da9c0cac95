# What the examples' run scripts share: registering, an agent of their own, ending what they started. To be sourced.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$(cd "$(dirname "$0")" && pwd)
data=${MESH_DATA:-$root/.mesh}
trust_domain=${TRUST_DOMAIN:-mesh.local}
check=
[[ ${1:-} == --check ]] && check=1
[[ $# -eq 0 || -n $check ]] || { echo "usage: $0 [--check]   shows the example and waits for Ctrl-C, or shows it and ends" >&2; exit 2; }

started=()
work=$(mktemp -d "${TMPDIR:-/tmp}/mesh-example.XXXXXX")
clean_up() {
  local status=$? i
  trap - EXIT
  trap '' INT TERM HUP
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    kill -TERM "${started[i]}" 2>/dev/null || true
    # What does not end within ten seconds is ended.
    for _ in {1..100}; do
      kill -0 "${started[i]}" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "${started[i]}" 2>/dev/null || true
    wait "${started[i]}" 2>/dev/null || true
  done
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

die() {
  echo "example: $*" >&2
  exit 1
}

say() { echo "-- $*"; }

# need PROGRAM PACKAGE: the path of a program, also where only root's PATH leads.
need() { PATH=$PATH:/usr/sbin command -v "$1" || die "'$1' is missing. Install Debian's package $2."; }

ctl() { if [[ -n ${MESH_CTL:-} ]]; then "$MESH_CTL" "$@" --data "$data"; else "$root/mesh" ctl "$@" --data "$data"; fi; }

# start NAME COMMAND…: in the background, its output in a file; ended with the script.
start() {
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  started+=($!)
}

# until_true WHAT COMMAND…: for half a minute at most, as long as everything that was started runs.
until_true() {
  local what=$1 deadline=$((SECONDS + 30)) process
  shift
  until "$@" 2>/dev/null; do
    for process in "${started[@]}"; do
      kill -0 "$process" 2>/dev/null || { cat "$work"/*.log >&2; die "a process ended while waiting for $what; above is what was said."; }
    done
    ((SECONDS < deadline)) || { cat "$work"/*.log >&2; die "$what did not come within 30 s; above is what was said."; }
    sleep 0.1
  done
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

# register PATH [OPTIONS of meshctl entry create]: an entry under this example's agent; one from an earlier run serves as well.
register() {
  local path=$1 said
  shift
  said=$(ctl entry create "spiffe://$trust_domain$path" --parent "$agent" ${TTL:+--ttl "$TTL"} "$@" 2>&1) || [[ $said == *exist* ]] || die "$said"
  say "spiffe://$trust_domain$path is registered under the agent"
}

# begin NAME: the agent's own entry and its join token.
begin() {
  local said
  [[ -f $data/endpoints.json ]] || die "no control plane runs over $data. Start one with ./mesh up and run this again."
  agent=spiffe://$trust_domain/meshgrains/agent/example-$1
  said=$(ctl entry create "$agent" 2>&1) || [[ $said == *exist* ]] || die "$said"
  said=$(ctl token create --spiffe-id "$agent" --out "$work/join-token" 2>&1) || die "$said"
  say "$agent may attest with a join token"
}

# render FILE…: copies a file of the example with @DIR@, @PORT@ and @TRUST_DOMAIN@ filled in.
render() {
  local file
  for file in "$@"; do
    sed -e "s|@DIR@|$work|g" -e "s|@PORT@|${port:-}|g" -e "s|@TRUST_DOMAIN@|$trust_domain|g" "$here/$file" >"$work/$file"
  done
}

# run_agent [FILE…]: starts an agent over the example's agent.yaml and waits for these files.
run_agent() {
  local file gateway
  gateway=$(sed -n 's|.*"gateway": *"\([^"]*\)".*|\1|p' "$data/endpoints.json")
  render agent.yaml
  local command=("$root/mesh" agent)
  [[ -n ${MESH_AGENT:-} ]] && command=("$MESH_AGENT")
  start agent "${command[@]}" run --config "$work/agent.yaml" --trust-domain "$trust_domain" --server "$gateway" --bundle "$data/bundle.pem" \
    --join-token-file "$work/join-token" --socket "$work/agent.sock" --set operationsListen=
  until_true "the agent's socket" test -S "$work/agent.sock"
  for file in "$@"; do
    until_true "$file" test -f "$work/$file"
  done
  say "the agent is attested"
}

# expect WHAT EXPECTED ACTUAL
expect() {
  [[ $3 == *"$2"* ]] || { cat "$work"/*.log >&2; die "$1: expected '$2', got '$3'"; }
  echo "   [ok] $1: $3"
}

# finish WORDS…: ends a check; else waits for Ctrl-C.
finish() {
  [[ -n $check ]] && { say "all of it held"; exit 0; }
  local line
  for line in "$@"; do
    say "$line"
  done
  say "Ctrl-C ends it."
  wait -n "${started[@]}" || true
  cat "$work"/*.log >&2
  die "a process ended; above is what was said."
}
