// The issuance log, in an account of its own: whoever has the state's account has no say here. Its blobs are appended to under conditions on
// position and lease; small ones beside them (anchors, summaries of closed segments) are overwritten. So:
// - a container-level retention policy does NOT fit: it refuses the overwrites, and without them nothing can be issued;
// - versioning keeps what an overwrite replaced, soft delete keeps what was deleted, and silos get a role of their own that cannot delete at all;
// - immutabilityDays above 0 adds version-level immutability with protected appends, which allows overwrites as new versions and appends, and
//   takes deletion from everybody. It cannot be taken back from an account: try it in a test account first. The policy starts unlocked.
param name string
param location string
param principalIds array
param retentionDays int
param immutabilityDays int
param private bool
param workspaceId string

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: take(toLower(name), 24)
  location: location
  kind: 'StorageV2'
  sku: {
    // Three zones, written to all before a write is acknowledged: a record is durable before its certificate leaves.
    name: 'Standard_ZRS'
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    immutableStorageWithVersioning: immutabilityDays == 0
      ? null
      : {
          enabled: true
          immutabilityPolicy: {
            state: 'Unlocked'
            immutabilityPeriodSinceCreationInDays: immutabilityDays
            allowProtectedAppendWrites: true
          }
        }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: {
      enabled: true
      days: retentionDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: retentionDays
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'meshgrains-log'
}

// Replaced anchors and summaries, and marks of used join tokens, which silos may not delete: join-tokens/consumed, long after any token's end.
// Never the segments themselves, which an operator takes away by a decision of his own.
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
                  daysAfterCreationGreaterThan: retentionDays
                }
              }
            }
          }
        }
        {
          name: 'used-join-tokens'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['meshgrains-log/join-tokens/consumed/']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterCreationGreaterThan: 30
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

resource writerRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(account.id, 'log-writer')
  properties: {
    roleName: 'MeshGrains log writer ${account.name}'
    description: 'Reads, creates, appends to and leases blobs of the issuance log. Deletes nothing.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/read'
        ]
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
        ]
      }
    ]
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principalId in principalIds: {
    scope: account
    name: guid(account.id, principalId, 'log-writer')
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: writerRole.id
    }
  }
]

// Even an owner of the resource group deletes the account only after taking this away, which the activity log tells.
resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: account
  name: 'issuance-log'
  properties: {
    level: 'CanNotDelete'
    notes: 'The issuance log: without it no certificate may be issued, and what was issued is unknown.'
  }
}

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
