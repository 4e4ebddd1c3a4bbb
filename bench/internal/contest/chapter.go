package contest

// A Chapter is the results that stand together in the report.
type Chapter struct {
	Name    string
	Results []*Result
}

// Chapters groups results, in their order.
func Chapters(results []*Result) []Chapter {
	var all []Chapter
	at := make(map[string]int)
	for _, r := range results {
		name := r.Workload.Chapter
		i, ok := at[name]
		if !ok {
			i = len(all)
			at[name] = i
			all = append(all, Chapter{Name: name})
		}
		all[i].Results = append(all[i].Results, r)
	}
	return all
}
