# Filters of jq 1.7 that jaq's libraries do not define.

def toarray: if isarray then . else [.] end;
def trimstr($s): ltrimstr($s) | rtrimstr($s);
def ascii: [.] | implode;
def leaf_paths: paths(scalars);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);

def csv_field:
  if isstring then "\"" + gsub("\""; "\"\"") + "\""
  elif . == null then ""
  elif isnumber or isboolean then tostring
  else error("\(type) is not valid in a csv row") end;
def tsv_field:
  if isstring then gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r")
  elif . == null then ""
  elif isnumber or isboolean then tostring
  else error("\(type) is not valid in a tsv row") end;
def @csv: if isarray then map(csv_field) | join(",") else error("\(type) cannot be csv-formatted, only an array can") end;
def @tsv: if isarray then map(tsv_field) | join("\t") else error("\(type) cannot be tsv-formatted, only an array can") end;
