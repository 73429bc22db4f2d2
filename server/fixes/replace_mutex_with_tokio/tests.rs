//! What the draft alone does; the rounds are tested with the compiler.
