// Package pipeline takes a region from what was sent to what may be read:
// landing, identified, linked, report. Read Run first; each step is a function
// with typed input and output, and no step knows another.
//
// A step's state is written last and names its inputs by hash, so that a run
// resumes where it stopped, and does nothing when nothing changed.
package pipeline
