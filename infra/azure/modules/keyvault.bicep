// The root key and the key that wraps the record key. Premium, for HSM-backed keys (keys.uri …?protection=hsm). A Managed HSM instead has its own
// local roles: give 'Managed HSM Crypto User' to authorities and a custom role with read and unwrap to issuers, and name it in keys.uri.
param name string
param location string
param authorityPrincipalId string
param issuerPrincipalId string
param private bool
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: take(name, 24)
  location: location
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'premium'
    }
    enableRbacAuthorization: true
    // A purged root key is the end of the trust domain: neither operator nor thief may hasten it.
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }
}

resource authorityRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(vault.id, 'authority')
  properties: {
    roleName: 'MeshGrains authority ${vault.name}'
    description: 'Makes, reads and uses the keys of a trust domain. Neither deletes nor exports nor rotates them.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/keys/read'
          'Microsoft.KeyVault/vaults/keys/create/action'
          'Microsoft.KeyVault/vaults/keys/sign/action'
          'Microsoft.KeyVault/vaults/keys/wrap/action'
          'Microsoft.KeyVault/vaults/keys/unwrap/action'
        ]
      }
    ]
  }
}

resource issuerRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(vault.id, 'issuer')
  properties: {
    roleName: 'MeshGrains issuer ${vault.name}'
    description: 'Reads public keys and unwraps the record key. Signs nothing.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/keys/read'
          'Microsoft.KeyVault/vaults/keys/unwrap/action'
        ]
      }
    ]
  }
}

resource authorityAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, authorityPrincipalId, 'authority')
  properties: {
    principalId: authorityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: authorityRole.id
  }
}

resource issuerAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, issuerPrincipalId, 'issuer')
  properties: {
    principalId: issuerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: issuerRole.id
  }
}

resource access 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(workspaceId)) {
  scope: vault
  name: 'access'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

output id string = vault.id
// Without the slash that Azure puts at the end.
output uri string = 'https://${vault.name}${environment().suffixes.keyvaultDns}'
