#!/bin/sh
# Stands before cargo on the PATH and notes every call: time, folder, arguments. Not noted is how
# rust-analyzer builds build scripts and proc macros: that is a `check` by name, but checks nothing.
case " $* " in
*" --compile-time-deps "*) ;;
*) printf '%s\t%s\t%s\n' "$(date +%s%N)" "$PWD" "$*" >>"$CARGO_CALLS" ;;
esac
exec "$REAL_CARGO" "$@"
