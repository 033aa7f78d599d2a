{{- define "roadcrew.selector" -}}
app.kubernetes.io/name: roadcrew
app.kubernetes.io/component: agent
{{- end }}

{{- define "roadcrew.labels" -}}
{{ include "roadcrew.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "roadcrew.controllerSelector" -}}
app.kubernetes.io/name: roadcrew
app.kubernetes.io/component: controller
{{- end }}

{{- define "roadcrew.controllerLabels" -}}
{{ include "roadcrew.controllerSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "roadcrew.webhookSelector" -}}
app.kubernetes.io/name: roadcrew
app.kubernetes.io/component: webhook
{{- end }}

{{- define "roadcrew.webhookLabels" -}}
{{ include "roadcrew.webhookSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "roadcrew.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- /* Whether /metrics is to be read from elsewhere: "true" or "". */ -}}
{{- define "roadcrew.exposed" -}}
{{- if or .Values.metrics.expose .Values.podMonitor.enabled }}true{{ end -}}
{{- end }}
