package main
import ("testing";"fmt";"strings";"os")
func TestZZ(t *testing.T){
 r,err:=handmade(); if err!=nil {t.Fatal(err)}
 i:=strings.Index(r.said,"feed         provider"); if i<0 {i=6000}
 fmt.Println(r.said[:min(i,len(r.said),9000)])
 for _,f:=range []string{"care_event","contact","condition","demographic","measurement","person"} {
  m,_:=os.ReadDir(r.folder+"/linked/"+f)
  for _,e:=range m { fmt.Println("==",f,e.Name()); for _,x:=range texts(t,"SELECT (COLUMNS(*)::VARCHAR) FROM (SELECT concat_ws(' | ', columns(*)) x FROM "+parquet(r.folder,"linked",f,e.Name())+")") {fmt.Println(x)} }
 }
}
