{{- define "watcher.pod" -}}
metadata:
  labels:
    {{- include "watcher.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Another content, another pod: a change of the settings is a roll-out.
    checksum/config: {{ print (include "watcher.toml" .) (include "watcher.env" .) | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "watcher.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # SIGTERM begins the drain, which takes settings.shutdown.drain_timeout at most.
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
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
  containers:
    - name: watcher
      image: {{ include "watcher.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run, --config, /etc/watcher/watcher.toml]
      env:
        # The probes and Prometheus come from outside the pod.
        - name: WATCHER_HTTP__HOST
          value: {{ .Values.httpHost | quote }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      envFrom:
        - configMapRef:
            name: {{ include "watcher.name" . }}-env
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
      # /livez itself allows each thread the time that its work may take. The minute on top is for a node that is
      # too busy to answer: a restart costs more than it mends then.
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
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
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
  volumes:
    - name: config
      configMap:
        name: {{ include "watcher.name" . }}-config
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- with .Values.secrets.existingSecret }}
    - name: secrets
      secret:
        secretName: {{ . }}
        defaultMode: 288 # 0440, and the group is fsGroup
    {{- end }}
{{- end -}}
