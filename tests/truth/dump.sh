#!/bin/sh
# Dumps the coroutines of crates while cargo builds them.
#
#   TRUTH_DIR=/tmp/dumps TRUTH_CRATES="h2 tokio_util" \
#     RUSTC_WRAPPER=tests/truth/dump.sh cargo check
#
# Each crate's dumps go to $TRUTH_DIR/<crate>; then: truth dumps $TRUTH_DIR/<crate> . 2021
rustc=$1
shift
name=
previous=
for argument in "$@"; do
    [ "$previous" = "--crate-name" ] && name=$argument
    previous=$argument
done
case " $TRUTH_CRATES " in
*" $name "*)
    mkdir -p "$TRUTH_DIR/$name"
    # The configuration, for `#[cfg(..)]`.
    {
        "$rustc" --print cfg
        previous=
        for argument in "$@"; do
            [ "$previous" = "--cfg" ] && echo "$argument"
            previous=$argument
        done
    } >"$TRUTH_DIR/$name/cfg"
    RUSTC_BOOTSTRAP=1 exec "$rustc" "$@" -Zalways-encode-mir -Zmir-include-spans=on \
        "-Zdump-mir-dir=$TRUTH_DIR/$name" \
        "-Zdump-mir=SimplifyCfg-promote-consts & {closure | StateTransform & {closure"
    ;;
*) exec "$rustc" "$@" ;;
esac
