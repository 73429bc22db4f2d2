#!/bin/sh
# Stands before cargo on the PATH and notes every call: time, folder, arguments.
printf '%s\t%s\t%s\n' "$(date +%s%N)" "$PWD" "$*" >>"$CARGO_CALLS"
exec "$REAL_CARGO" "$@"
