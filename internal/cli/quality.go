package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/pipeline"
)

func newQualityCommand(s *term.Streams) *cobra.Command {
	var o pipeline.QualityOptions
	c := &cobra.Command{
		Use:     "quality REGION",
		Short:   "Valid, other, default, invalid and missing values by provider, field and month",
		GroupID: "data",
		Long: `Show for each field how many values were valid, other, default, invalid or missing
(VODIM), as counted when the deliveries were read. Fields whose every value is
valid are left out unless --all.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			region, err := openRegion(s, args[0])
			if err != nil {
				return err
			}
			lines, err := pipeline.ReadQuality(region, o)
			if err != nil {
				return err
			}
			if s.JSON {
				return s.Answer(map[string]any{"fields": lines})
			}
			if len(lines) == 0 {
				fmt.Fprintln(s.Out, "nothing to show: no value was read that is not valid")
				return nil
			}
			return printQuality(s, lines, o.ByMonth)
		},
	}
	c.Flags().StringVar(&o.Feed, "feed", "", "only this `FEED`")
	c.Flags().StringVar(&o.Provider, "provider", "", "only this `PROVIDER`")
	c.Flags().BoolVar(&o.ByMonth, "by-month", false, "a line for each month")
	c.Flags().BoolVar(&o.All, "all", false, "also fields whose every value is valid")
	return c
}

func printQuality(s *term.Streams, lines []pipeline.QualityLine, byMonth bool) error {
	heading := []string{"feed", "provider", "table", "column", ">valid", ">other", ">default", ">invalid", ">missing", ">usable"}
	const month = 4 // its place among the columns
	if byMonth {
		heading = slices.Insert(heading, month, "month")
	}
	var rows [][]string
	for _, q := range lines {
		row := []string{q.Feed, q.Provider, q.Table, q.Column, term.Number(q.Valid), term.Number(q.Other),
			term.Number(q.Default), term.Number(q.Invalid), term.Number(q.Missing), fmt.Sprintf("%.1f%%", q.PercentUsable())}
		if byMonth {
			row = slices.Insert(row, month, q.Month)
		}
		rows = append(rows, row)
	}
	return term.Table(s.Out, heading, rows)
}
