{{- /* A value as JSON, which is YAML too; a string, number, boolean or list of them is the same in TOML. A number goes
       through JSON because a template would print a million as 1e+06, which TOML takes for no integer. TOML wants DEL
       escaped, and to YAML a NEL is the end of a line; JSON escapes neither. */ -}}
{{- define "watcher.json" -}}
{{- mustToRawJson . | replace "\u007f" "\\u007f" | replace "\u0085" "\\u0085" -}}
{{- end -}}

{{- define "watcher.tomlPairs" -}}
{{- range $key, $value := . -}}
{{- if not (or (kindIs "map" $value) (kindIs "invalid" $value)) }}
{{ include "watcher.json" $key }} = {{ include "watcher.json" $value }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "watcher.toml" -}}
{{- range $section, $pairs := omit .Values.settings "sinks" }}
[{{ include "watcher.json" $section }}]
{{- include "watcher.tomlPairs" $pairs }}
{{- range $name, $policy := (default dict (get $pairs "policies")) }}

[{{ include "watcher.json" $section }}.policies.{{ include "watcher.json" $name }}]
{{- include "watcher.tomlPairs" $policy }}
{{- end }}
{{ end -}}
{{- range .Values.settings.sinks }}
[[sinks]]
{{- include "watcher.tomlPairs" . }}
{{ end -}}
{{- end -}}
