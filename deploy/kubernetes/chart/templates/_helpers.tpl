{{- define "watcher.name" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "watcher.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "watcher.labels" -}}
{{ include "watcher.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{- define "watcher.metadata" -}}
name: {{ include "watcher.name" . | quote }}
namespace: {{ .Release.Namespace | quote }}
labels:
  {{- include "watcher.labels" . | nindent 2 }}
{{- end -}}

{{- define "watcher.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "watcher.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "watcher.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- /* Calls a second: what is said, or else AWS's default in the region. */ -}}
{{- define "watcher.quota" -}}
{{- if .Values.quota }}{{ .Values.quota }}{{ else }}{{ ternary 25 5 (has .Values.region (list "us-east-1" "us-west-2")) }}{{ end -}}
{{- end -}}

{{- /* A ConfigMap's name ends in a hash of what is in it: an upgrade leaves those that older pods use as they are. */ -}}
{{- define "watcher.configName" -}}
{{ printf "%s-config-%s" (include "watcher.name" .) (include "watcher.toml" . | sha256sum | trunc 10) }}
{{- end -}}

{{- define "watcher.envName" -}}
{{ printf "%s-env-%s" (include "watcher.name" .) (include "watcher.env" . | sha256sum | trunc 10) }}
{{- end -}}

{{- /* The most replicas that there can be. */ -}}
{{- define "watcher.mostReplicas" -}}
{{- if .Values.keda.enabled }}{{ int .Values.keda.maxReplicaCount }}{{ else }}{{ int .Values.replicaCount }}{{ end -}}
{{- end -}}
