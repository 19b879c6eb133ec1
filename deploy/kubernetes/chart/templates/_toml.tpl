{{- /* A JSON string, number, boolean or list of them is the same in TOML. A number goes through JSON because a template
       would print a million as 1e+06, which TOML takes for no integer. */ -}}
{{- define "watcher.tomlPairs" -}}
{{- range $key, $value := . -}}
{{- if not (or (kindIs "map" $value) (kindIs "invalid" $value)) }}
{{ $key }} = {{ mustToRawJson $value }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "watcher.toml" -}}
{{- range $section, $pairs := omit .Values.settings "sinks" }}
[{{ $section }}]
{{- include "watcher.tomlPairs" $pairs }}
{{- range $name, $policy := (default dict (get $pairs "policies")) }}

[{{ $section }}.policies.{{ mustToRawJson $name }}]
{{- include "watcher.tomlPairs" $policy }}
{{- end }}
{{ end -}}
{{- range .Values.settings.sinks }}
[[sinks]]
{{- include "watcher.tomlPairs" . }}
{{ end -}}
{{- end -}}
