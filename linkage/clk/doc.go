// Package clk makes privacy-preserving encodings of records and matches them:
// a partner who may not send names sends one row of bits for each record, in
// which the n-grams of names and the digits of dates are hashed with a secret
// that both partners share and the matcher does not.
//
// The encodings are those of clkhash (Data61), schema version 3, bit for bit, so
// that a partner may use either program; the method is that of Schnell,
// Bachteler and Reiher 2011, "A Novel Error-Tolerant Anonymous Linking Code".
// Two encodings are compared by their Dice coefficient.
//
// An encoding is not anonymous data. Whoever holds many of them can find the
// common names behind common patterns, without the secret (Kroll and
// Steinmetzer 2015; Christen, Vidanage, Ranbaduge and Schnell 2018), and whoever
// holds the secret can encode a guess and compare. docs/privacy-preserving-linkage.md
// says what follows from that and what hardening costs.
package clk
