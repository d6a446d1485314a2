package cli

import (
	"fmt"

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
			region, err := pipeline.OpenRegion(args[0])
			if err != nil {
				return err
			}
			lines, err := pipeline.ReadQuality(region, o)
			if err != nil {
				return err
			}
			if s.JSON {
				return s.Answer(lines)
			}
			return printQuality(s, lines)
		},
	}
	c.Flags().StringVar(&o.Feed, "feed", "", "only this feed")
	c.Flags().StringVar(&o.Provider, "provider", "", "only this provider")
	c.Flags().BoolVar(&o.ByMonth, "by-month", false, "a line for each month")
	c.Flags().BoolVar(&o.All, "all", false, "also fields whose every value is valid")
	return c
}

func printQuality(s *term.Streams, lines []pipeline.QualityLine) error {
	var rows [][]string
	for _, q := range lines {
		rows = append(rows, []string{q.Feed, q.Provider, q.Table, q.Column, q.Month, term.Number(q.Valid), term.Number(q.Other),
			term.Number(q.Default), term.Number(q.Invalid), term.Number(q.Missing), fmt.Sprintf("%.1f%%", q.PercentUsable())})
	}
	return term.Table(s.Out, []string{"feed", "provider", "table", "column", "month", ">valid", ">other", ">default",
		">invalid", ">missing", ">usable"}, rows)
}
