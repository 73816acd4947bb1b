"""How bytes get here: unpacked, from other machines, from standard input, and again when they have grown."""
