{{- define "watcher.pod" -}}
metadata:
  labels:
    {{- include "watcher.selectorLabels" . | nindent 4 }}
    {{- range $name, $value := .Values.podLabels }}
    {{ include "watcher.json" $name }}: {{ include "watcher.json" $value }}
    {{- end }}
  annotations:
    # Nothing in /tmp is worth keeping a node for.
    {{- $safe := dict "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes" "tmp" }}
    {{- range $name, $value := merge (dict) .Values.podAnnotations $safe }}
    {{ include "watcher.json" $name }}: {{ include "watcher.json" $value }}
    {{- end }}
spec:
  serviceAccountName: {{ include "watcher.serviceAccountName" . | quote }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # SIGTERM begins the drain, which takes settings.shutdown.drain_timeout at most.
  terminationGracePeriodSeconds: {{ int .Values.terminationGracePeriodSeconds }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{ include "watcher.json" . }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{ include "watcher.json" . }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{ include "watcher.json" . }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{ include "watcher.json" . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    # Secrets and the volume are readable for the watcher.
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  {{- if eq .Values.mode "sqs" }}
  topologySpreadConstraints:
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "watcher.selectorLabels" $ | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- with .Values.initContainers }}
  initContainers: {{ include "watcher.json" . }}
  {{- end }}
  containers:
    - name: watcher
      image: {{ include "watcher.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
      args: [run, --config, /etc/watcher/watcher.toml]
      env:
        # The probes and Prometheus come from outside the pod.
        - name: WATCHER_HTTP__HOST
          value: {{ .Values.httpHost | quote }}
        {{- range .Values.extraEnv }}
        - {{ include "watcher.json" . }}
        {{- end }}
      envFrom:
        - configMapRef:
            name: {{ include "watcher.envName" . | quote }}
      ports:
        - name: metrics
          containerPort: 9464
          protocol: TCP
      # One minute from the start to a first answer.
      startupProbe:
        httpGet:
          path: /livez
          port: metrics
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 30
      # /livez fails once a thread's own work has stood still for 20 s, or a call has outlasted all its time-outs. The
      # minute on top is for a node that is too busy to answer: a restart costs more than it fixes then. With the grace
      # period a process that hangs is restarted within 110 s: 6 x 10 + 5 + 45.
      livenessProbe:
        httpGet:
          path: /livez
          port: metrics
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      # An outage of AWS makes the pod unready, which stops a roll-out, and never restarts it.
      readinessProbe:
        httpGet:
          path: /readyz
          port: metrics
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      resources: {{ include "watcher.json" .Values.resources }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        - name: config
          mountPath: /etc/watcher
          readOnly: true
        - name: tmp
          mountPath: /tmp
        {{- if eq .Values.mode "embedded" }}
        - name: data
          mountPath: /var/lib/watcher
        {{- end }}
        {{- if .Values.secrets.existingSecret }}
        - name: secrets
          mountPath: /run/secrets/watcher
          readOnly: true
        {{- end }}
        {{- range .Values.extraVolumeMounts }}
        - {{ include "watcher.json" . }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "watcher.configName" . | quote }}
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- with .Values.secrets.existingSecret }}
    - name: secrets
      secret:
        secretName: {{ . | quote }}
        defaultMode: 288 # 0440, and the group is fsGroup
    {{- end }}
    {{- range .Values.extraVolumes }}
    - {{ include "watcher.json" . }}
    {{- end }}
{{- end -}}
