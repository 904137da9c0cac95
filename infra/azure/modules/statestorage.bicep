// Grain state, registrations, denials, tokens. Records are overwritten under compare-and-swap, so that nothing here may be immutable; every
// earlier version and every deleted blob can be brought back for a while instead. Bringing one back is a declared event:
// docs/operations/backup-restore.md.
param name string
param location string
param principalIds array
param recoveryDays int
param private bool
param workspaceId string

// Storage Blob Data Contributor. Containers are made below, so that silos need nothing wider.
var contributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: take(toLower(name), 24)
  location: location
  kind: 'StorageV2'
  sku: {
    // Three zones, written to all before a write is acknowledged. A geo-redundant copy lags and must never be written to beside this one.
    name: 'Standard_ZRS'
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    changeFeed: {
      enabled: true
      retentionInDays: recoveryDays
    }
    deleteRetentionPolicy: {
      enabled: true
      days: recoveryDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: recoveryDays
    }
    // The whole container as it was at one instant: what a restore asks for.
    restorePolicy: {
      enabled: true
      days: recoveryDays - 1
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'meshgrains'
}

// Versions would otherwise be kept, and paid for, for ever.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'old-versions'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
            }
            actions: {
              version: {
                delete: {
                  daysAfterCreationGreaterThan: recoveryDays
                }
              }
            }
          }
        }
      ]
    }
  }
  dependsOn: [blobs]
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principalId in principalIds: {
    scope: account
    name: guid(account.id, principalId, 'contributor')
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: contributor
    }
  }
]

resource access 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(workspaceId)) {
  scope: blobs
  name: 'access'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

output id string = account.id
output blobEndpoint string = 'https://${account.name}.blob.${environment().suffixes.storage}'
